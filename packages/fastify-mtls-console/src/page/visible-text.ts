/**
 * Control characters, characters that change the direction of text or have no width, and separators. They make a name
 * look like another one. `Cf` has those of direction (U+202A to U+202E, U+2066 to U+2069), zero width, soft hyphens and
 * tags.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu

/** Replaces invisible characters by their code points. */
export function makeVisible (text: string): string {
  return text.toWellFormed().replace(
    INVISIBLE,
    (character) => `⟨U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}⟩`
  )
}
