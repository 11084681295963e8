/**
 * What a check can come to: sentences that can be said in several languages, and refusals that carry one.
 */

/**
 * A sentence, or a part of one. Its English text is its name in the catalogs of the other languages; `values` fill its
 * braces and may be messages themselves.
 */
export function message(text, values = {}) {
  return { text, values };
}

/** A check does not hold. */
export class Refusal extends Error {
  constructor(sentence) {
    super(sentence.text);
    this.sentence = sentence;
  }
}

/** The same, about a fact's document. */
export class DocumentRefusal extends Refusal {}

/** None of the keys at hand signed a note of the shard `origin`. */
export class UnknownSigner extends Refusal {
  constructor(sentence, origin) {
    super(sentence);
    this.origin = origin;
  }
}

/** A text is not of its format, or a proof does not show what it should; `clause` says why. */
export class Malformed extends Error {
  constructor(clause) {
    super(clause.text);
    this.clause = clause;
  }
}

/** This browser cannot check it, so nobody may say that it holds. */
export class NotJudged extends Error {
  constructor(sentence) {
    super(sentence.text);
    this.sentence = sentence;
  }
}

/** Refuses with `sentence` unless `condition` holds. */
export function hold(condition, sentence) {
  if (!condition) throw new Refusal(sentence);
}

/** Says that something is malformed, and why, unless `condition` holds. */
export function demand(condition, clause) {
  if (!condition) throw new Malformed(clause);
}

/** What `read` gives; where it finds something malformed, a refusal with the sentence that `sentence(clause)` makes. */
export async function orRefuse(read, sentence) {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Malformed) throw new Refusal(sentence(error.clause));
    throw error;
  }
}
