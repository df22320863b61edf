/* A libcuda.so.1 of one made-up device, for machines without NVIDIA's driver; variables choose its answers. */
#include <stdlib.h>
#include <string.h>

static int number(const char *name, int otherwise) {
    const char *value = getenv(name);
    return value ? atoi(value) : otherwise;
}
int cuInit(unsigned flags) { return number("MADE_UP_INIT", 0); }
int cuDeviceGetCount(int *count) { *count = number("MADE_UP_DEVICES", 1); return 0; }
int cuDeviceGet(int *handle, int index) { *handle = index; return 0; }
int cuDeviceGetName(char *name, int size, int handle) { strncpy(name, "Made-up GPU/2", size); return 0; }
int cuDeviceTotalMem_v2(size_t *bytes, int handle) { *bytes = (size_t)8 << 30; return 0; }
int cuDeviceGetAttribute(int *value, int attribute, int handle) { *value = attribute == 75 ? 9 : 0; return 0; }
int cuGetErrorString(int code, const char **text) { *text = "driver version is insufficient"; return 0; }
int getInferLibVersion(void) { return 101601; } /* also stands in for libnvinfer.so.10 */
