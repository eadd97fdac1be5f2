using System.Globalization;

namespace Coppice.Foundation;

/// <summary>
/// An error that the user can act on. The message is one line that says what was wrong, where (file, line, key) and what to do;
/// the command line prints it without a stack trace.
/// </summary>
public sealed class CoppiceException : Exception
{
    /// <summary>Creates an error for the user.</summary>
    /// <param name="message">What was wrong, where, and what to do. What it quotes of files may have line ends and other control characters: they are shown as <c>\u000a</c>.</param>
    /// <param name="exitCode">The exit code of the command.</param>
    /// <param name="inner">The cause, shown with <c>--verbose</c>.</param>
    public CoppiceException(string message, ExitCode exitCode = ExitCode.Failed, Exception? inner = null)
        : base(OneLine(message), inner)
    {
        ExitCode = exitCode;
    }

    /// <summary>The exit code with which the command ends.</summary>
    public ExitCode ExitCode { get; }

    /// <summary>An error in the command line or the recipe (exit code 2).</summary>
    /// <param name="message">What was wrong, where, and what to do.</param>
    /// <param name="inner">The cause, shown with <c>--verbose</c>.</param>
    public static CoppiceException Usage(string message, Exception? inner = null) => new(message, ExitCode.Usage, inner);

    private static string OneLine(string message) =>
        message.Any(char.IsControl) ? string.Concat(message.Select(unit => char.IsControl(unit) ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)unit:x4}") : unit.ToString())) : message;
}
