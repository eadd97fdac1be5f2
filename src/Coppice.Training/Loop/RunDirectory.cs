using Coppice.Foundation;
using Coppice.Training.Checkpoints;

namespace Coppice.Training.Loop;

/// <summary>Whose a run's directory is.</summary>
public static class RunDirectory
{
    /// <summary>Makes the directory. One in which a run has begun is gone on with, by the same recipe, or left alone; without a checkpoint none has begun: nothing can be lost.</summary>
    /// <param name="directory">The run's directory.</param>
    /// <param name="checkpoints">Its checkpoints.</param>
    /// <param name="resume">Whether the run is to go on.</param>
    /// <param name="recipe">The resolved recipe, as YAML.</param>
    /// <exception cref="CoppiceException">It can't be made, or holds another run.</exception>
    public static void Claim(string directory, CheckpointStore checkpoints, bool resume, string recipe)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{directory}: the folder of the run can't be made: {error.Message}", inner: error);
        }

        checkpoints.RemoveUnfinished();
        if (!checkpoints.Any) return;
        if (!resume) throw CoppiceException.Usage($"{directory}: holds a run already; go on with it by --resume, or name another directory");
        var path = Path.Combine(directory, PretrainRun.RecipeFile);
        if (File.Exists(path)) RecipeComparison.RequireSameRun(path, File.ReadAllText(path), recipe);
    }
}
