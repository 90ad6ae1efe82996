// Loads the networks one after another, tells of each how far it is, and starts its section.
const load = async (Network, section, about, runtimeBytes) => {
  const bar = section.querySelector("progress");
  const state = section.querySelector(".state");
  bar.max = about.bytes + runtimeBytes;
  const network = await Network.load(about, (bytes) => {
    bar.value += bytes;
    state.textContent = `${(bar.value / 1e6).toFixed(1)} of ${(bar.max / 1e6).toFixed(1)} MB`;
  });
  section.querySelector(".loading").hidden = true;
  return network;
};

const tell = (text) => {
  const failure = document.querySelector("#failure");
  failure.textContent = text;
  failure.hidden = false;
};

const main = async () => {
  if (typeof WebAssembly === "undefined") {
    tell("These networks compute in WebAssembly, which is switched off in this browser. Allow it for this page, or use another browser.");
    return;
  }
  const { Network } = await import("./networks.js"); // it cannot be read without WebAssembly
  let { networks, runtimeBytes } = await (await fetch(new URL("./networks.json", import.meta.url))).json();
  for (const section of document.querySelectorAll("main > section")) {
    const network = await load(Network, section, networks[section.id], runtimeBytes);
    runtimeBytes = 0; // it is there, for all networks
    const { start } = await import(`./${section.id}/section.js`);
    start(section, network);
  }
  document.body.dataset.ready = "";
};

main().catch((error) => tell(`The networks cannot be loaded: ${error.message}. Reload the page, or look at it over http: a browser does not load them from a file.`));
