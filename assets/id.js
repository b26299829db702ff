// A QR code carries the inquiry ID in the fragment, which never reaches a server. This fills the
// field, clears the address bar and sends nothing: the person presses the button.
(function () {
  "use strict";
  function fill() {
    var field = document.getElementById("inquiry-id");
    var fragment = location.hash.slice(1);
    if (!field || !/^[0-9-]{15,24}$/.test(fragment)) return;
    history.replaceState(null, "", location.pathname);
    field.value = fragment;
    field.focus();
  }
  fill();
  window.addEventListener("hashchange", fill);
})();
