package dev.redoubt.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The help in its other forms, each read by the program that it is for. */
class ManualPageTest {
    private static final Path PAGE = Path.of(System.getProperty("redoubt.home", ".."), "man", "redoubt.1");

    private static String said(String... arguments) {
        StringWriter out = new StringWriter();
        assertThat(Redoubt.commandLine().setOut(new PrintWriter(out)).execute(arguments))
                .isZero();
        return out.toString();
    }

    @Test
    void theCommittedPageIsTheOneThatIsMade() throws Exception {
        assertThat(Files.readString(PAGE))
                .as("made anew by: ./redoubt help --man >man/redoubt.1")
                .isEqualTo(said("help", "--man"));
    }

    @Test
    void mandocFindsNoErrorInThePage() throws Exception {
        Process mandoc = new ProcessBuilder("mandoc", "-Tlint", "-Werror", PAGE.toString())
                .redirectErrorStream(true)
                .start();
        assertThat(new String(mandoc.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(mandoc.waitFor()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "zsh", "fish"})
    void theShellTakesItsCompletion(String shell) throws Exception {
        Process process = new ProcessBuilder(shell, "-n", "/dev/stdin")
                .redirectErrorStream(true)
                .start();
        try (var stdin = process.outputWriter()) {
            stdin.write(said("completion", shell));
        }
        assertThat(new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                .isEmpty();
        assertThat(process.waitFor()).isZero();
    }

    @Test
    void bashCompletesAnOption() throws Exception {
        String script = said("completion", "bash")
                + "compopt() { :; }; COMP_WORDS=(redoubt run --mem); COMP_CWORD=2; _complete_redoubt; echo \"${COMPREPLY[*]}\"\n";
        Process bash = new ProcessBuilder("bash", "-c", script)
                .redirectErrorStream(true)
                .start();
        assertThat(new String(bash.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).strip())
                .isEqualTo("--memory");
    }

    @Test
    void fishCompletesACommand() throws Exception {
        String script = said("completion", "fish") + "complete -C 'redoubt image in'\n";
        Process fish = new ProcessBuilder("fish", "-c", script)
                .redirectErrorStream(true)
                .start();
        assertThat(new String(fish.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8))
                .startsWith("inspect");
    }
}
