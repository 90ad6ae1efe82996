// Paper has no disclosure triangles: print what they hide, but for the long lists.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details:not(.list)")) details.open = true;
});
