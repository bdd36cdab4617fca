// The marks of one PNG in another: the text chunks that say that a picture was generated.

const SIGNATURE = 8;
const TEXTS = new Set(["tEXt", "iTXt", "zTXt", "eXIf"]);

interface Chunk {
  type: string;
  bytes: Uint8Array<ArrayBuffer>;
}

/** `picture` with the text chunks of `marked`; both are PNG files. */
export async function withMarks(picture: Blob, marked: Blob): Promise<Blob> {
  const marks = (await chunksOf(marked)).filter(({ type }) => TEXTS.has(type));
  const [header, ...rest] = await chunksOf(picture);
  if (!header) throw new Error("no PNG");
  const signature = picture.slice(0, SIGNATURE);
  const parts = [header, ...marks, ...rest].map(({ bytes }) => bytes);
  return new Blob([signature, ...parts], { type: "image/png" });
}

/** The chunks of a PNG file, each with its length and checksum (PNG, section 5.3). */
async function chunksOf(file: Blob): Promise<Chunk[]> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const view = new DataView(bytes.buffer);
  const chunks: Chunk[] = [];
  for (let at = SIGNATURE; at + 12 <= bytes.length; ) {
    const length = 12 + view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, bytes: bytes.slice(at, at + length) });
    at += length;
  }
  return chunks;
}
