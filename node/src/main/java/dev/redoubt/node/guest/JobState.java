package dev.redoubt.node.guest;

/**
 * A job as the guest lists it.
 *
 * @param pid inside the sandbox; 0 when it has ended, or its request never arrived whole
 * @param exited its EXIT waits to be acknowledged
 * @param made highest sequence number made
 * @param acknowledged highest sequence number acknowledged; what follows can be had again
 * @param inputTaken bytes of its input that reached it
 */
public record JobState(int job, int pid, boolean exited, long made, long acknowledged, long inputTaken) {
    static final int SIZE = 36;

    /** Its node died in the middle of the request: nothing runs and nothing will; to be closed. */
    public boolean incomplete() {
        return pid == 0 && !exited && made == 0;
    }
}
