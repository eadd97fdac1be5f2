using Coppice.Foundation;

namespace Coppice.Adapters;

/// <summary>The labels of a task: those of the training data, which must be those that the recipe lists where it lists any.</summary>
internal static class LabelChoice
{
    /// <summary>The labels.</summary>
    /// <param name="found">The labels of the training data, each with its place.</param>
    /// <param name="settings">The recipe's section.</param>
    /// <exception cref="CoppiceException">A label of one is not in the other, or there are fewer than two.</exception>
    public static LabelSet Of(IEnumerable<(string Label, string Where)> found, TaskSection settings)
    {
        var all = found.ToList();
        if (settings.Labels.Count > 0)
        {
            var listed = settings.Labels.ToHashSet(StringComparer.Ordinal);
            foreach (var (label, where) in all)
            {
                if (!listed.Contains(label)) throw new CoppiceException($"{where}: the label '{label}' is not one of task.labels{NearestName.Hint(label, listed)}: add it there, or mend the record");
            }

            var occurring = all.Select(entry => entry.Label).ToHashSet(StringComparer.Ordinal);
            if (settings.Labels.FirstOrDefault(label => !occurring.Contains(label)) is { } missing)
                throw new CoppiceException($"task.labels: '{missing}' never occurs in the training data{NearestName.Hint(missing, occurring)}: a model can't learn it; take it out, or add examples");
        }

        return LabelSet.Of(all.Select(entry => entry.Label));
    }
}
