// What is used of node-webcrypto-p11, by its shape: the package is a native one, and only who needs it installs it.

/** A key in a token. */
export interface P11Key {
  readonly algorithm: { readonly name: string, readonly label?: string }
}

/** What a token says about itself. */
export interface P11Token {
  readonly label: string
  readonly serialNumber: string
  readonly manufacturerID: string
  readonly model: string
}

/** An open session with a token. */
export interface P11Crypto {
  readonly slot: { getToken (): P11Token }
  readonly session: { close (): unknown }
  login (pin: string): void
  readonly keyStorage: {
    /** Names of the form `private-HANDLE-ID`, in hex. */
    keys (): Promise<string[]>
    getItem (name: string, algorithm?: object, extractable?: boolean, usages?: string[]): Promise<P11Key>
  }
  readonly subtle: {
    sign (algorithm: object, key: P11Key, data: Uint8Array): Promise<ArrayBuffer>
    exportKey (format: 'spki', key: P11Key): Promise<ArrayBuffer>
  }
}

/** The class `Crypto` of node-webcrypto-p11, 2.8 or later. */
export type P11CryptoClass = new (options: { library: string, slot: number, readWrite: boolean }) => unknown
