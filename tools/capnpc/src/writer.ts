// Collects generated lines with indentation.

export class Writer {
  private readonly lines: string[] = [];
  private depth = 0;

  line(text = ''): void {
    this.lines.push(text === '' ? '' : '  '.repeat(this.depth) + text);
  }

  /** `head {`, the body one level deeper, `}`. */
  block(head: string, body: () => void, tail = '}'): void {
    this.line(`${head} {`);
    this.depth++;
    body();
    this.depth--;
    this.line(tail);
  }

  /** What `body` emits, one level deeper. */
  indented(body: () => void): void {
    this.depth++;
    body();
    this.depth--;
  }

  /** A doc comment; nothing when `text` is empty. */
  doc(text: string): void {
    const lines = text.trimEnd().replaceAll('*/', '*\\/').split('\n');
    if (lines.length === 1 && lines[0] === '') return;
    if (lines.length === 1) {
      this.line(`/** ${lines[0]!.trim()} */`);
      return;
    }
    this.line('/**');
    for (const line of lines) this.line(` * ${line}`.trimEnd());
    this.line(' */');
  }

  toString(): string {
    return `${this.lines.join('\n')}\n`;
  }
}
