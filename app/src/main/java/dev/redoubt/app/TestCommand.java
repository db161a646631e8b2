package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The tests are run by the shell side, which needs no build: this is what an install without sources says. */
@Command(
        name = "test",
        description = "Run every test of the project; --vm: the walls again under a kernel of their own.")
final class TestCommand implements Callable<Integer> {
    @Option(names = "--vm", description = "The walls and the battery in a QEMU guest (slow).")
    private boolean vm;

    @Override
    public Integer call() {
        throw new Refusal(Refusal.Code.UNAVAILABLE, (vm ? "test --vm" : "test") + " needs a checkout of the sources");
    }
}
