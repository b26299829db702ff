// Hands the options of the page to the browser's passkeys and their answer to the form. Nothing is
// sent elsewhere, and nothing before the person presses the button.
(function () {
  "use strict";
  function bytes(text) {
    var plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, function (letter) { return letter.charCodeAt(0); });
  }
  function text(buffer) {
    var plain = String.fromCharCode.apply(null, new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }
  function ids(list) {
    (list || []).forEach(function (one) { one.id = bytes(one.id); });
  }
  function answered(credential) {
    var said = credential.response, response = { clientDataJSON: text(said.clientDataJSON) };
    ["attestationObject", "authenticatorData", "signature", "userHandle"].forEach(function (name) {
      if (said[name]) response[name] = text(said[name]);
    });
    if (said.getTransports) response.transports = said.getTransports();
    return JSON.stringify({
      id: credential.id, rawId: text(credential.rawId), type: credential.type,
      response: response, extensions: credential.getClientExtensionResults()
    });
  }
  document.querySelectorAll("form[data-passkey]").forEach(function (form) {
    form.addEventListener("submit", function (event) {
      if (form.elements.answer.value) return;
      event.preventDefault();
      var asked = JSON.parse(form.dataset.options), key = asked.publicKey;
      key.challenge = bytes(key.challenge);
      if (key.user) key.user.id = bytes(key.user.id);
      ids(key.excludeCredentials);
      ids(key.allowCredentials);
      var make = form.dataset.passkey === "create";
      var passkeys = navigator.credentials;
      Promise.resolve().then(function () {
        return make ? passkeys.create(asked) : passkeys.get(asked);
      }).then(function (credential) {
        form.elements.answer.value = answered(credential);
        form.submit();
      }).catch(function () {
        form.querySelector("[role=status]").textContent = form.dataset.cancelled;
      });
    });
  });
})();
