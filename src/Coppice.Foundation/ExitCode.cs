namespace Coppice.Foundation;

/// <summary>The exit codes of the <c>coppice</c> command.</summary>
public enum ExitCode
{
    /// <summary>The work was done.</summary>
    Done = 0,

    /// <summary>The work failed: bad input, a full disk, a check that did not hold.</summary>
    Failed = 1,

    /// <summary>The command line or the recipe was wrong; nothing was started.</summary>
    Usage = 2,

    /// <summary>A gate said no.</summary>
    GateRefused = 3,

    /// <summary>Interrupted by the user, with everything saved.</summary>
    Interrupted = 130,
}
