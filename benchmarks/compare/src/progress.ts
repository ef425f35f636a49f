// Tells on stderr what is going on: one line that is written anew on a terminal, a line a case elsewhere.

export interface Progress {
  /** A case begins. */
  begin(title: string): void;
  /** What it is at now. Only between measurements: what draws takes a processor. */
  update(what: string): void;
  /** It has ended. */
  end(outcome: string): void;
  /** Takes the living line off the screen, for what is to be printed instead. */
  clear(): void;
}

export function progress(stream: NodeJS.WriteStream): Progress {
  // A terminal that does not know its width (columns 0) cannot be drawn on.
  const living = stream.isTTY === true && stream.columns > 0;
  let title = '';
  const line = (text: string) => stream.write(`\r\u001b[2K${text.slice(0, stream.columns - 1)}`);
  return {
    begin(text) {
      title = text;
      if (living) line(title);
    },
    update(what) {
      if (living) line(`${title}: ${what}`);
    },
    end(outcome) {
      if (living) stream.write('\r\u001b[2K');
      stream.write(`${title}: ${outcome}\n`);
    },
    clear() {
      if (living) stream.write('\r\u001b[2K');
    },
  };
}
