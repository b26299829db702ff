// A one-time link carries its code in the fragment, which never reaches a server or a log. This
// fills the field, clears the address bar and sends nothing: the person presses the button.
(function () {
  "use strict";
  var field = document.getElementById("sign-in-code");
  var fragment = location.hash.slice(1);
  if (!field || !/^[0-9a-f]{64}$/.test(fragment)) return;
  history.replaceState(null, "", location.pathname);
  field.value = fragment;
  field.focus();
})();
