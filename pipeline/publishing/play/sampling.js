// The next id from logits.

export const likeliest = (logits) => logits.reduce((best, each, id) => (each > logits[best] ? id : best), 0);

// An id by its probability; a temperature below 1 is safer, above 1 bolder.
export const sample = (logits, temperature) => {
  const most = logits[likeliest(logits)];
  const weights = Array.from(logits, (each) => Math.exp((each - most) / temperature));
  let left = Math.random() * weights.reduce((sum, each) => sum + each, 0);
  for (let id = 0; id < weights.length; id++) {
    left -= weights[id];
    if (left < 0) return id;
  }
  return likeliest(logits);
};

// Fill the template after `first`: null is sampled, given the ids before it. Ids that are known are fed
// together. Yields each id with its index.
export async function* fill(network, first, template, choose) {
  await network.restart();
  let waiting = [first];
  for (let index = 0; index < template.length; index++) {
    let id = template[index];
    if (id === null) {
      id = choose((await network.feed(waiting)).logits);
      waiting = [];
    }
    waiting.push(id);
    yield [index, id];
  }
}
