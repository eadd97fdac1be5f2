using Coppice.Foundation;

namespace Coppice.Cli.Output;

/// <summary>How an error is told: one line on stderr and, where JSON was asked for, one object on stdout.</summary>
internal static class ErrorOutput
{
    /// <summary>Tells of an exception.</summary>
    public static ExitCode Write(Exception error, ExitCode exitCode, bool json, bool verbose)
    {
        if (verbose) Console.Error.WriteLine(error);
        var message = error is CoppiceException ? error.Message : $"{error.GetType().Name}: {error.Message} (--verbose shows where)";
        return Write(message, exitCode, json);
    }

    /// <summary>Tells of an error.</summary>
    public static ExitCode Write(string message, ExitCode exitCode, bool json)
    {
        message = message.ReplaceLineEndings(" ");
        Console.Error.WriteLine(message);
        if (json) JsonOutput.Write(new ErrorResult(message, (int)exitCode));
        return exitCode;
    }

    private sealed record ErrorResult(string Error, int ExitCode);
}
