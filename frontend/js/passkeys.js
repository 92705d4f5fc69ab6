// <form data-passkey="create|get">: asks the browser for a passkey or security key, puts what it says into the form's
// credential, and sends it. The server's question lies in the page (data-passkey-options="ID") or is asked for at
// the form's own address (data-passkey-ask).
import { phrase, whenPresent } from "./page.js";
import { toast } from "./toasts.js";

async function question(form) {
  const id = form.dataset.passkeyOptions;
  if (id) return JSON.parse(document.getElementById(id).textContent).publicKey;
  const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
  return (await answer.json()).request_options.publicKey;
}

async function ask(form) {
  const asked = await question(form);
  if (form.dataset.passkey === "get") {
    return navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked) });
  }
  const alone = form.elements.passwordless?.checked ?? false;
  asked.authenticatorSelection = {
    ...asked.authenticatorSelection,
    residentKey: alone ? "required" : "discouraged",
    requireResidentKey: alone,
    ...(alone && { userVerification: "required" }),
  };
  return navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked) });
}

whenPresent("form[data-passkey]", (form) => {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const credential = await ask(form);
      form.elements.credential.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      toast(phrase("no_passkey"), "error");
    }
  });
});
