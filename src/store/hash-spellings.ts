// Spellings of hashes: hexadecimal digits mean the same in any case.

/** The spellings that a hash may be stored in: as given, in lower case, and with upper-case digits. */
export function hashSpellings(hash: string): readonly string[] {
  const [, prefix = "", digits] = /^(0x)?([0-9a-f]+)$/i.exec(hash) ?? [];
  if (digits === undefined) return [hash];
  const lower = `${prefix.toLowerCase()}${digits.toLowerCase()}`;
  return [...new Set([hash, lower, `${prefix.toLowerCase()}${digits.toUpperCase()}`])];
}
