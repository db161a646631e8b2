package dev.redoubt.app;

import dev.redoubt.linux.SignalHandlers;
import dev.redoubt.node.Node;
import dev.redoubt.node.NodeSettings;
import dev.redoubt.node.daemon.NodeServer;
import dev.redoubt.protocol.Problem;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Keeps sandboxes, prepared slots and the journal, behind a unix socket for local root. */
@Command(
        name = "node",
        description = "Run the node daemon in the foreground.",
        footer = {
            "",
            "While it runs, redoubt run asks it for sandboxes instead of building them itself. It may be killed at any "
                    + "moment: sandboxes run on, and the next one takes them over."
        })
final class NodeCommand implements Callable<Integer> {
    @Option(
            names = "--slots",
            paramLabel = "N",
            defaultValue = "4",
            description = "Sandboxes prepared ahead (default: ${DEFAULT-VALUE}).")
    private int slots;

    @Override
    public Integer call() throws InterruptedException {
        if (slots < 0 || slots > NodeSettings.MOST_SLOTS) {
            throw new Refusal(Refusal.Code.VALIDATION_ERROR, "--slots " + slots + ": 0 to " + NodeSettings.MOST_SLOTS);
        }
        NodeSettings settings = Installation.library().outliving().withReadySlots(slots);
        try (Node node = Node.open(settings);
                NodeServer server = NodeServer.bind(node, Say::line)) {
            CountDownLatch stopped = new CountDownLatch(1);
            try (SignalHandlers _ =
                    Signals.onStop(stopped::countDown)) { // first, or what is prepared would stay behind
                node.warnings().forEach(Say::line);
                LocalImages.ensure(settings, "busybox");
                Say.line("node ready at " + node.runDirectory().daemonSocket() + "; disk limits by "
                        + node.diskMechanism() + "; took over " + node.adopted().size() + " sandboxes");
                Thread.ofPlatform().name("redoubt-accept").daemon().start(server::serve);
                stopped.await();
            }
            return Exit.DONE;
        } catch (Problem problem) {
            throw Refusal.of(problem);
        }
    }
}
