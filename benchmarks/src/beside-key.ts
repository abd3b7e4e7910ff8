/** The key of a contender's figure compared with the bare server. Its own figure has the contender's key. */
export const besideKey = (key: string): string => `${key}-beside`
