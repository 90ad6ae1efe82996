// Where the browser keeps the clipboard from a page, as from one without https, the text is selected.
{
  const cite = document.querySelector("#cite");
  const [entry, button, told] = ["pre", "button", "output"].map((name) => cite.querySelector(name));
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(entry.textContent);
      told.value = "Copied.";
    } catch {
      getSelection().selectAllChildren(entry);
      told.value = "Selected: copy it with Ctrl+C or ⌘C.";
    }
  });
}
