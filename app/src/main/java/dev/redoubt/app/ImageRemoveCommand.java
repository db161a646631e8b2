package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Frees the layers that no other image or sandbox uses. */
@Command(name = "rm", description = "Remove an image.")
final class ImageRemoveCommand implements Callable<Integer> {
    @Parameters(paramLabel = "IMAGE", description = "Name or digest.")
    private String image = "";

    @Override
    public Integer call() {
        return LocalImages.remove(image);
    }
}
