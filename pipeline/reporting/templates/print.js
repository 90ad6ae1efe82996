// Paper has no disclosure triangles: print what they hide.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
