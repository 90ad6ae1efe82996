// Byte-pair pieces (Sennrich et al. 2016) as SentencePiece computes them, without normalisation.
const SPACE = "▁";

export class Pieces {
  // `pieces` are [text, score, kind] by id; kind is "" for one of the alphabet or learned, "byte" or "control".
  constructor(pieces) {
    this.texts = pieces.map(([text]) => text);
    this.kinds = pieces.map(([, , kind]) => kind);
    this.scores = pieces.map(([, score]) => score);
    this.ids = new Map();
    this.bytes = new Map(); // the id of each byte
    pieces.forEach(([text, , kind], id) => {
      if (kind === "") this.ids.set(text, id);
      if (kind === "byte") this.bytes.set(parseInt(text.slice(3, 5), 16), id);
    });
  }

  // The ids of a text: of all neighbours whose union is a piece, those of the best score unite first,
  // the leftmost of equals. What is no piece then is written in bytes of UTF-8.
  encode(text) {
    if (!text) return [];
    const symbols = Array.from(SPACE + text.replaceAll(" ", SPACE));
    const score = (index) => {
      const id = this.ids.get(symbols[index] + symbols[index + 1]);
      return id === undefined ? -Infinity : this.scores[id];
    };
    const scores = symbols.slice(1).map((_, index) => score(index));
    for (;;) {
      let best = -1;
      scores.forEach((each, index) => {
        if (each > -Infinity && (best < 0 || each > scores[best])) best = index;
      });
      if (best < 0) break;
      symbols.splice(best, 2, symbols[best] + symbols[best + 1]);
      scores.splice(best, 1);
      for (const index of [best - 1, best]) if (index >= 0 && index < scores.length) scores[index] = score(index);
    }
    return symbols.flatMap((symbol) => this.ids.get(symbol) ?? this.#inBytes(symbol));
  }

  // The text of ids; control pieces are left out.
  decode(ids) {
    const bytes = [];
    for (const id of ids) {
      if (this.kinds[id] === "control") continue;
      if (this.kinds[id] === "byte") bytes.push(parseInt(this.texts[id].slice(3, 5), 16));
      else bytes.push(...new TextEncoder().encode(this.texts[id]));
    }
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(new Uint8Array(bytes));
    return text.replaceAll(SPACE, " ").replace(/^ /, "");
  }

  #inBytes(symbol) {
    return Array.from(new TextEncoder().encode(symbol), (byte) => this.bytes.get(byte));
  }
}

// What a network reads of what somebody types.
export const tidy = (text) => text.normalize("NFC").trim().split(/\s+/).join(" ");
