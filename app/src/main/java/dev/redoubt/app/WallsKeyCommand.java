package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Whose reports these are. */
@Command(
        name = "key",
        description = "Print the public key with which this node's walls reports can be checked, in PEM.")
final class WallsKeyCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        return LocalWalls.key();
    }
}
