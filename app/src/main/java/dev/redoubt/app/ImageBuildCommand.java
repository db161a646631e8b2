package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** From the host's own tools. */
@Command(name = "build", description = "Build a built-in image.")
final class ImageBuildCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "busybox or base.")
    private String name = "";

    @Override
    public Integer call() {
        return LocalImages.build(name);
    }
}
