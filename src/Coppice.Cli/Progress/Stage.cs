using System.Diagnostics;

namespace Coppice.Cli.Progress;

/// <summary>Takes how far the work has come. Called as often as one likes; the text is made only when it is shown.</summary>
internal delegate void ShowProgress(Func<string> text);

/// <summary>Shows a stage of work whose end can't be foretold: a line that is drawn over on a terminal, a line now and then otherwise.</summary>
internal static class Stage
{
    private static readonly TimeSpan BetweenFrames = TimeSpan.FromMilliseconds(100), BetweenLines = TimeSpan.FromSeconds(10);

    /// <summary>Does the work and shows it.</summary>
    /// <param name="title">What is being done.</param>
    /// <param name="work">Does it.</param>
    public static T Run<T>(string title, Func<ShowProgress, T> work)
    {
        if (!Terminal.IsLive) return work(Throttled(BetweenLines, text => Terminal.WriteLine($"{title}: {text}")));
        Terminal.Draw($"{title} ...");
        try
        {
            return work(Throttled(BetweenFrames, text => Terminal.Draw($"{title}: {text}")));
        }
        finally
        {
            Terminal.Draw();
        }
    }

    private static ShowProgress Throttled(TimeSpan pause, Action<string> show)
    {
        var clock = Stopwatch.StartNew();
        return text =>
        {
            if (clock.Elapsed < pause) return;
            clock.Restart();
            show(text());
        };
    }
}
