/** The key of a contender's figure beside the bare server's; its own figure has the contender's key. */
export const besideKey = (key: string): string => `${key}-beside`
