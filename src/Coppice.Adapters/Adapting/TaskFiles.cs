using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters;

/// <summary>The files of a recipe.</summary>
internal static class TaskFiles
{
    /// <summary>Reads them: the examples to train on, and those to measure on, of files or as a share of the others.</summary>
    /// <exception cref="CoppiceException">There are none, one can't be read, or there are too few examples.</exception>
    public static (TaskData Training, TaskData? Validation) Read(AdaptRecipe recipe)
    {
        var (task, data) = (AdaptTasks.Find(recipe.Task.Name), recipe.Data);
        if (data.Train.Count == 0) throw CoppiceException.Usage("there is nothing to learn from: name files by --data or data.train");
        var training = task.Read(data.Train, recipe.Task);
        if (data.Validation.Count > 0) return (training, task.Read(data.Validation, recipe.Task));
        if (data.ValidationShare == 0) return (training, null);
        if (training.Count < 2) throw new CoppiceException($"{data.Train[0]}: a single example can't be shared out between training and validation: add more, or set data.validation_share to 0");
        return training.Split(data.ValidationShare, (ulong)recipe.Seed);
    }

    /// <summary>Where the examples come from.</summary>
    public static IReadOnlyList<ProvenanceSource> Sources(AdaptRecipe recipe, Adaptation adaptation)
    {
        var tokens = adaptation.Examples.Tokens;
        return
        [
            new ProvenanceSource(
                recipe.Task.Name, [.. recipe.Data.Train], Checksum.Of(string.Join('\n', recipe.Data.Train.Select(Checksum.OfFile))), adaptation.Examples.Examples.Count,
                recipe.Data.Train.Sum(file => new FileInfo(file).Length), tokens),
        ];
    }
}
