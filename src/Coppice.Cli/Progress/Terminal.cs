using Spectre.Console;

namespace Coppice.Cli.Progress;

/// <summary>
/// Where progress is shown: stderr. On a terminal a few lines at the end are drawn over, and other lines scroll by above them; otherwise lines
/// are written as they come.
/// </summary>
internal static class Terminal
{
    private static readonly IAnsiConsole Console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(System.Console.Error) });
    private static readonly Lock Gate = new();
    private static string[] _drawn = [];

    /// <summary>Whether lines can be drawn over.</summary>
    public static bool IsLive { get; } = Console.Profile.Out.IsTerminal && Console.Profile.Capabilities.Ansi && Environment.GetEnvironmentVariable("TERM") != "dumb";

    /// <summary>Writes a line, above what is drawn over.</summary>
    public static void WriteLine(string text)
    {
        lock (Gate)
        {
            Erase();
            System.Console.Error.WriteLine(text);
            DrawAgain();
        }
    }

    /// <summary>Draws lines in the place of those drawn before; none takes them away.</summary>
    /// <param name="lines">Plain text; what does not fit the terminal's width is cut off.</param>
    public static void Draw(params string[] lines)
    {
        lock (Gate)
        {
            Erase();
            _drawn = lines;
            DrawAgain();
        }
    }

    private static void Erase()
    {
        if (_drawn.Length > 0) Console.Write(new ControlCode($"\e[{_drawn.Length}A\r\e[J"));
    }

    private static void DrawAgain()
    {
        // A line that wrapped would be two to draw over.
        var width = Console.Profile.Width - 1;
        foreach (var line in _drawn) Console.Write(new Text((line.Length > width ? line[..width] : line) + "\n"));
    }
}
