package dev.redoubt.app;

import dev.redoubt.node.image.Image;
import dev.redoubt.node.image.ImageEvent;
import java.time.Duration;
import java.util.function.Consumer;

/** What happens to an image, on standard error: a line that renews itself on a terminal, else a line now and then. */
final class ImageProgress implements Consumer<ImageEvent> {
    private static final Duration PAUSE = Duration.ofSeconds(2);

    private final boolean terminal = new dev.redoubt.linux.Terminal(2).isTerminal();
    private long lastLine = System.nanoTime() - PAUSE.toNanos();

    @Override
    public void accept(ImageEvent event) {
        switch (event) {
            case ImageEvent.Waiting(String what) -> now("another process is making " + what + "; waiting");
            case ImageEvent.Downloading(var blob, long done, long total) ->
                sometimes("downloading %s: %d of %d MB".formatted(blob, done >> 20, total >> 20));
            case ImageEvent.Unpacking(String what, long bytes) ->
                sometimes("unpacking %s: %d MB".formatted(what, bytes >> 20));
            case ImageEvent.Present(var layer) -> sometimes("layer " + layer + " is here already");
            case ImageEvent.Building(String line) -> sometimes(line);
            case ImageEvent.Ready(Image image) -> now("image " + String.join(",", image.names()) + " is ready");
        }
    }

    private void sometimes(String line) {
        long now = System.nanoTime();
        if (terminal) {
            System.err.print("\r\033[K" + line);
            System.err.flush();
        } else if (now - lastLine > PAUSE.toNanos()) {
            lastLine = now;
            Say.line(line);
        }
    }

    private void now(String line) {
        if (terminal) {
            System.err.print("\r\033[K");
        }
        Say.line(line);
    }
}
