package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** One image. */
@Command(name = "inspect", description = "Print an image's configuration and layers.")
final class ImageInspectCommand implements Callable<Integer> {
    @Parameters(paramLabel = "IMAGE", description = "Name or digest.")
    private String image = "";

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        return LocalImages.inspect(image, json);
    }
}
