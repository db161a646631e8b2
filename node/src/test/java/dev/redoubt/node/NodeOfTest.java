package dev.redoubt.node;

import dev.redoubt.node.image.BareSandbox;
import java.nio.file.Path;
import java.util.function.Function;

/** What tests of the node's parts need of a node. */
public final class NodeOfTest {
    private NodeOfTest() {}

    /** A library's settings for a place of the test's own, with short names: a socket's path has 107 bytes. */
    public static NodeSettings settings(Path place) {
        return new NodeSettings(
                place.resolve("data"),
                place.resolve("run"),
                Path.of(System.getProperty("redoubt.native", "")),
                NodeSettings.Life.WITH_THIS_PROCESS,
                0,
                TestSwitches.NONE);
    }

    /** Real sandboxes for the image store. */
    public static Function<BareSandbox.Order, BareSandbox> sandboxes(Path place) {
        return sandboxes(place, TestSwitches.NONE);
    }

    /** The same with layers left away: what a denial is compared with. */
    public static Function<BareSandbox.Order, BareSandbox> sandboxes(Path place, TestSwitches switches) {
        NodeSettings settings = settings(place).withSwitches(switches);
        return order -> BareSandboxes.launch(settings, order);
    }
}
