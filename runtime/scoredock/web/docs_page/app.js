const answer = await fetch("docs/service.json");
document.querySelector("#service").textContent = JSON.stringify(await answer.json(), null, 2);
