package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Keeps sandboxes, their pool and their journal, behind a unix socket. */
@Command(name = "node", description = "Run the node daemon in the foreground.")
final class NodeCommand implements Callable<Integer> {
    @Override
    public Integer call() {
        throw Refusal.notBuilt("node");
    }
}
