// Tells on stderr what is going on: one living line on a terminal, plain lines elsewhere.
import ora from 'ora';

export interface Progress {
  /** A run begins. */
  begin(title: string): void;
  /** What the run is at now. */
  update(what: string): void;
  /** The run has ended well, or not at all. */
  end(outcome: string, good: boolean): void;
  /** Takes the living line off the screen, for what is to be printed instead. */
  stop(): void;
}

export function progress(stream: NodeJS.WriteStream): Progress {
  // A terminal that does not know its width (columns 0) cannot be drawn on.
  return stream.isTTY && stream.columns > 0 ? livingLine(stream) : plainLines(stream);
}

function livingLine(stream: NodeJS.WriteStream): Progress {
  // discardStdin would keep a Ctrl-C from reaching our own handler.
  const spinner = ora({ stream, discardStdin: false });
  let title = '';
  return {
    begin(text) {
      title = text;
      spinner.start(title);
    },
    update(what) {
      spinner.text = `${title}: ${what}`;
    },
    end(outcome, good) {
      const line = `${title}: ${outcome}`;
      if (good) spinner.succeed(line);
      else spinner.warn(line);
    },
    stop: () => void spinner.stop(),
  };
}

function plainLines(stream: NodeJS.WriteStream): Progress {
  let title = '';
  return {
    begin(text) {
      title = text;
    },
    update() {},
    end: (outcome) => void stream.write(`${title}: ${outcome}\n`),
    stop() {},
  };
}
