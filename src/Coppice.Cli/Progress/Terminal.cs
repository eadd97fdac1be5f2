using Spectre.Console;

namespace Coppice.Cli.Progress;

/// <summary>Where progress is shown: stderr, live on a terminal and as plain lines otherwise.</summary>
internal static class Terminal
{
    /// <summary>The console on stderr. Without colours where NO_COLOR is set.</summary>
    public static IAnsiConsole Console { get; } = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Error) });

    /// <summary>Whether lines can be drawn over.</summary>
    public static bool IsLive { get; } = Console.Profile.Out.IsTerminal && Console.Profile.Capabilities.Ansi && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>Writes a line, above what is drawn over.</summary>
    public static void WriteLine(string text)
    {
        if (IsLive) Console.WriteLine(text);
        else System.Console.Error.WriteLine(text);
    }

    /// <summary>Shows the cursor again that a live display hides.</summary>
    public static void ShowCursor()
    {
        if (IsLive) Console.Cursor.Show(true);
    }
}
