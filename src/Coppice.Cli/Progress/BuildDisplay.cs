using System.Diagnostics;
using Coppice.Cli.Output;
using Coppice.Corpus.Building;

namespace Coppice.Cli.Progress;

/// <summary>Shows how far the build of a corpus has come: what is being done, how fast and how long it will take.</summary>
/// <param name="show">Takes the text.</param>
internal sealed class BuildDisplay(ShowProgress show)
{
    // Before that, a speed says more about the start than about the work.
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(1);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private string _doing = "";

    /// <summary>Shows it.</summary>
    /// <param name="progress">How far it has come.</param>
    public void Show(BuildProgress progress)
    {
        if (progress.Doing != _doing) _clock.Restart();
        _doing = progress.Doing;
        var elapsed = _clock.Elapsed;
        show(() => Describe(progress, elapsed));
    }

    private static string Describe(BuildProgress progress, TimeSpan elapsed)
    {
        if (progress.BytesTotal == 0) return $"{progress.Doing}, {Figures.Duration(elapsed)}";
        var text = $"{progress.Doing}, {Figures.Bytes(progress.BytesDone)} of {Figures.Bytes(progress.BytesTotal)}";
        var worked = progress.BytesDone - progress.BytesReused;
        if (elapsed < Settled || worked == 0) return text;
        var perSecond = worked / elapsed.TotalSeconds;
        var left = TimeSpan.FromSeconds((progress.BytesTotal - progress.BytesDone) / perSecond);
        return $"{text}, {Figures.Bytes((long)perSecond)}/s, {Figures.Duration(left)} left";
    }
}
