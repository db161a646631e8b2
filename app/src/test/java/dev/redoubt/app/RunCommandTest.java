package dev.redoubt.app;

import static dev.redoubt.app.Said.say;
import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.app.RunOptions.Mount;
import dev.redoubt.app.RunOptions.Variable;
import dev.redoubt.protocol.Cpus;
import dev.redoubt.protocol.Driver;
import dev.redoubt.protocol.IoLimits;
import dev.redoubt.protocol.Labels;
import dev.redoubt.protocol.Limits;
import dev.redoubt.protocol.NetworkMode;
import dev.redoubt.protocol.Resources;
import dev.redoubt.protocol.Size;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.ParseResult;

class RunCommandTest {
    private static RunOptions options(String... arguments) {
        ParseResult parsed = Redoubt.commandLine().parseArgs(arguments);
        return ((RunCommand) parsed.subcommand().commandSpec().userObject()).options();
    }

    @Test
    void defaultsAreTheContracts() {
        RunOptions options = options("run", "--", "true");
        assertThat(options.image()).isEqualTo("busybox");
        assertThat(options.profile()).isEqualTo("default");
        assertThat(options.network()).isEmpty();
        assertThat(options.acceptSharedKernel()).isFalse();
        assertThat(options.driver()).isEmpty();
        assertThat(options.resources()).isEqualTo(Resources.NONE);
        assertThat(options.resources().limits()).isEqualTo(Limits.DEFAULT);
        assertThat(options.user()).isEmpty();
        assertThat(options.readOnly()).isFalse();
        assertThat(options.command()).containsExactly("true");
    }

    @Test
    void everyBuiltFlagIsRead() {
        RunOptions options = options(
                ("run --runtime container --image base --profile minimal --network localhost --memory 1.5G --cpus 0.5 --pids 32 "
                                + "--disk 2G --timeout 60s --idle 10m --env A=B=C --env=D= --io 50M --workdir /tmp --user 5:6 "
                                + "--mount a:b:/c --mount d:/e:ro --read-only --label x=y -- sh -c x")
                        .split(" "));
        assertThat(options.image()).isEqualTo("base");
        assertThat(options.profile()).isEqualTo("minimal");
        assertThat(options.network()).contains(NetworkMode.LOCALHOST);
        assertThat(options.resources().memory()).contains(new Size(3L << 29));
        assertThat(options.resources().cpus()).contains(new Cpus(500));
        assertThat(options.resources().pids()).hasValue(32);
        assertThat(options.resources().disk()).contains(Size.ofGib(2));
        assertThat(options.resources().wall()).contains(Duration.ofMinutes(1));
        assertThat(options.resources().idle()).contains(Duration.ofMinutes(10));
        assertThat(options.resources().io()).isEqualTo(IoLimits.bytesPerSecond(Size.ofMib(50)));
        assertThat(options.environment()).containsExactly(new Variable("A", "B=C"), new Variable("D", ""));
        assertThat(options.workdir()).contains("/tmp");
        assertThat(options.user()).contains("5:6");
        assertThat(options.mounts()).containsExactly(new Mount("a:b", "/c", false), new Mount("d", "/e", true));
        assertThat(options.readOnly()).isTrue();
        assertThat(options.labels()).isEqualTo(new Labels(Map.of("x", "y")));
        assertThat(options.command()).containsExactly("sh", "-c", "x");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    run -- a -- --memory 3 --help | a -- --memory 3 --help
                    run a -x --help -- b          | a -x --help -- b
                    run --read-only -- -x         | -x
                    run -- @file ${sys:user.name} | @file ${sys:user.name}
                    """)
    void theCommandIsTakenAsItIs(String line, String command) {
        assertThat(String.join(" ", options(line.split(" ")).command())).isEqualTo(command);
    }

    @Test
    void aDriverIsNamedOrFollowsFromTheClass() {
        assertThat(options("run", "--driver", "crun", "--", "true").driver()).contains(Driver.CRUN);
        assertThat(options("run", "--runtime", "gvisor", "--", "true").driver()).contains(Driver.GVISOR);
        assertThat(options("run", "--runtime", "container", "--", "true").driver())
                .contains(Driver.NATIVE);
        assertThat(say("run", "--runtime", "container", "--driver", "gvisor", "--", "true")
                        .err())
                .startsWith(
                        "redoubt: VALIDATION_ERROR: --driver gvisor builds the class gvisor, not --runtime container");
        assertThat(say("run", "--driver", "docker", "--", "true").err())
                .startsWith("redoubt: VALIDATION_ERROR: --driver is one of native, crun, gvisor, not 'docker'");
    }

    @Test
    void bytesThatAreNotTextComeThrough() {
        byte[] odd = {'a', (byte) 0xff, '"', '\'', '\n', '=', (byte) 0x80};
        RunOptions options = options("run", "--env", "X=" + RawArguments.text(odd), "--", RawArguments.text(odd), "");
        assertThat(options.commandBytes()).containsExactly(odd, new byte[0]);
        assertThat(options.environmentBytes()).containsExactly(RawArguments.bytes("X=" + RawArguments.text(odd)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--runtime microvm",
                "--runtime wasm",
                "--network egress",
                "--network internet",
                "--network block",
                "--allow example.org",
                "--bandwidth 10M",
                "--secret X",
                "--remote"
            })
    void whatIsNotBuiltIsRefusedByName(String flag) {
        Said said = say(("run " + flag + " -- true").split(" "));
        assertThat(said.err())
                .startsWith("redoubt: UNPROCESSABLE: " + flag.split(" ")[0])
                .contains("not built yet");
        assertThat(said.exit()).isEqualTo(125);
        assertThat(said.out()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--memory 0",
                "--memory x",
                "--memory 9999999T",
                "--cpus 0",
                "--cpus 0.0001",
                "--cpus -1",
                "--pids 0",
                "--pids 99999999",
                "--timeout 5",
                "--timeout 0s",
                "--idle 1y",
                "--timeout 3651d",
                "--env novalue",
                "--env =x",
                "--mount x",
                "--mount x:y",
                "--workdir rel",
                "--network bridge",
                "--profile nobody",
                "--runtime docker",
                "--read-only=maybe"
            })
    void whatIsWrongIsRefusedBeforeAnythingRuns(String flag) {
        Said said = say(("run " + flag + " -- true").split(" "));
        assertThat(said.err()).startsWith("redoubt: VALIDATION_ERROR: ").contains(flag.split("[ =]")[0]);
        assertThat(said.exit()).isEqualTo(125);
    }

    @Test
    void theBatteryAttacksNoOtherProfileThanTheOneAsked() {
        assertThat(say("escape-test", "--profile", "hostile-tenant").err())
                .startsWith("redoubt: UNPROCESSABLE: profile hostile-tenant")
                .contains("needs a kernel of its own");
        assertThat(say("escape-test", "--profile", "nobody").err())
                .startsWith("redoubt: VALIDATION_ERROR: --profile nobody");
    }

    @Test
    void anUnknownOptionNamesTheNearest() {
        Said said = say("run", "--memroy", "5M", "--", "true");
        assertThat(said.exit()).isEqualTo(125);
        assertThat(said.err()).contains("unknown option --memroy").contains("did you mean --memory");
        Said image = say("image", "ls", "--jsn");
        assertThat(image.exit()).isEqualTo(2);
        assertThat(image.err()).contains("did you mean --json");
        Said command = say("rnu");
        assertThat(command.exit()).isEqualTo(2);
        assertThat(command.err()).contains("rnu").contains("run");
    }

    @Test
    void noCommandIsWrongUsage() {
        assertThat(say("run").exit()).isEqualTo(125);
        assertThat(say("run", "--").exit()).isEqualTo(125);
        assertThat(say().exit()).isEqualTo(2);
    }
}
