package dev.redoubt.app;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Is it what the node said? */
@Command(
        name = "verify",
        description = "Check the signature of a walls report, and show what it says.",
        footer = {
            "",
            "Needs no network and no daemon. Exit code 0 when it is genuine, whatever it says about the walls; 1 when it is "
                    + "not. What a report says about its own key is never believed: without --key it must be this node's."
        })
final class WallsVerifyCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "What redoubt sandbox walls --json printed.")
    private Path file = Path.of("");

    @Option(
            names = "--key",
            paramLabel = "PUBKEY",
            description = "PEM file with the public key of the node that is believed (default: this node's own).")
    private @Nullable Path key;

    @Override
    public Integer call() {
        return LocalWalls.verify(file, Optional.ofNullable(key));
    }
}
