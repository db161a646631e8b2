package dev.redoubt.app;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** From a file. */
@Command(name = "import", description = "Import a tar archive, a docker-archive or an OCI layout.")
final class ImageImportCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "The archive, or the directory of an OCI layout.")
    private String file = "";

    @Option(names = "--name", required = true, paramLabel = "NAME", description = "What to call it.")
    private String name = "";

    @Override
    public Integer call() {
        return LocalImages.load(file, name);
    }
}
