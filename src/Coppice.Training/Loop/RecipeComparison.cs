using Coppice.Foundation;

namespace Coppice.Training.Loop;

/// <summary>Whether a run may go on under a recipe.</summary>
internal static class RecipeComparison
{
    // What changes neither the model nor its path there.
    private static readonly string[] Free = ["threads:", "recompute:", "checkpoint_every:", "keep_checkpoints:", "log_every:"];

    /// <summary>Compares two resolved recipes line by line, but for what does not change the model.</summary>
    /// <param name="path">The file of the first, for the message.</param>
    /// <param name="before">The recipe that the run began with.</param>
    /// <param name="now">The recipe that it is to go on with.</param>
    /// <exception cref="CoppiceException">They differ: the message shows the first difference (exit code 2).</exception>
    public static void RequireSameRun(string path, string before, string now)
    {
        var (left, right) = (Lines(before), Lines(now));
        for (var i = 0; i < Math.Max(left.Count, right.Count); i++)
        {
            var (a, b) = (i < left.Count ? left[i] : "(nothing)", i < right.Count ? right[i] : "(nothing)");
            if (a != b) throw CoppiceException.Usage($"{path}: the run was begun with '{a}' and can't go on with '{b}'; name another directory for another run");
        }
    }

    private static List<string> Lines(string yaml) =>
        [.. yaml.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0 && !Free.Any(key => line.StartsWith(key, StringComparison.Ordinal)))];
}
