package dev.redoubt.app;

import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** From a registry. */
@Command(name = "pull", description = "Pull an image from an OCI registry.")
final class ImagePullCommand implements Callable<Integer> {
    @Parameters(paramLabel = "REFERENCE", description = "As registry/name:tag or registry/name@sha256:digest.")
    private String reference = "";

    @Option(names = "--platform", paramLabel = "OS/ARCH", description = "Platform (default: this machine's).")
    private @Nullable String platform;

    @Override
    public Integer call() {
        return LocalImages.pull(reference, platform);
    }
}
