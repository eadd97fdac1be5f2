using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Continual.Surgery;

/// <summary>
/// Merges the parameters of models that come from one base. A model whose vocabulary has grown has more rows in its embedding and head, the old ids
/// first: the rows that all have are merged, and the new ones stay as they are in the one model that has them.
/// </summary>
public static class WeightMerge
{
    /// <summary>Merges parameters. Names and shapes are checked before anything is written.</summary>
    /// <param name="method">How.</param>
    /// <param name="ancestor">The base: what all models come from.</param>
    /// <param name="models">The models.</param>
    /// <param name="destination">Where the result goes; may be one of the inputs. It has the shapes of the largest.</param>
    /// <param name="weights">A weight for each model, or null for the method's usual ones.</param>
    /// <exception cref="CoppiceException">Names, shapes or weights don't fit the method or each other; or a value is not finite.</exception>
    public static void Run(IMergeMethod method, ParameterSet ancestor, IReadOnlyList<ParameterSet> models, ParameterSet destination, IReadOnlyList<double>? weights = null)
    {
        var resolved = method.Weights(models.Count, weights);
        ParameterSet[] sources = [ancestor, .. models];
        foreach (var source in sources) RefuseOtherNames(source, destination);
        var jobs = destination.Parameters.Select(parameter => Job.For(parameter, [.. sources.Select(source => source[parameter.Name])])).ToList();
        foreach (var job in jobs) job.Run(method, resolved);
    }

    private static void RefuseOtherNames(ParameterSet source, ParameterSet destination)
    {
        foreach (var (one, other) in new[] { (source, destination), (destination, source) })
        {
            if (one.Parameters.FirstOrDefault(parameter => !other.TryGet(parameter.Name, out _)) is { } alone)
                throw new CoppiceException($"'{alone.Name}' is not in all models: only models of one architecture and size can be merged");
        }
    }

    /// <summary>What is to be done for one parameter.</summary>
    /// <param name="Destination">Where the result goes.</param>
    /// <param name="Sources">The parameter in the base and in each model.</param>
    /// <param name="Shared">The number of its first values that all have.</param>
    /// <param name="Grown">The one that has more, or null.</param>
    private sealed record Job(Parameter Destination, IReadOnlyList<Parameter> Sources, int Shared, Parameter? Grown)
    {
        public static Job For(Parameter destination, IReadOnlyList<Parameter> sources)
        {
            foreach (var source in sources)
            {
                if (source.Shape == destination.Shape) continue;
                var grows = source.Shape.Rank == 2 && destination.Shape.Rank == 2 && source.Shape.Columns == destination.Shape.Columns && source.Shape.Rows < destination.Shape.Rows;
                if (!grows) throw new CoppiceException($"'{destination.Name}' has the shape {source.Shape} in one model and {destination.Shape} in another: they can't be merged");
            }

            if (destination.Count > Array.MaxLength) throw new CoppiceException($"'{destination.Name}' has {destination.Count} values; {Array.MaxLength} are the most that can be merged");
            var shared = sources.Min(source => source.Count);
            if (shared == destination.Count) return new Job(destination, sources, (int)shared, null);

            var grown = sources.Where(source => source.Count > shared).ToList();
            if (grown.Count > 1 || grown[0].Count != destination.Count || grown[0] == sources[0])
            {
                throw new CoppiceException(
                    $"'{destination.Name}' has {string.Join(", ", sources.Select(source => source.Shape.Rows))} rows in the base and the models: only one model may have grown; take the grown model as the base of those that were trained from it");
            }

            return new Job(destination, sources, (int)shared, grown[0]);
        }

        public void Run(IMergeMethod method, IReadOnlyList<double> weights)
        {
            // Read whole before the first value is written: the destination may be one of the sources.
            var values = Sources.Select(source => source.Tensor.ToArray()).ToList();
            if (values.Any(all => !AllFinite(all))) throw new CoppiceException($"'{Destination.Name}' has values that are not finite in one of the models: it has diverged and can't be merged");
            var merged = new float[Destination.Count];
            if (Grown is not null) Grown.Tensor.CopyTo(merged);
            ReadOnlyMemory<float>[] shared = [.. values.Select(all => all.AsMemory(0, Shared))];
            method.Merge(new MergeInput(Destination.Name, shared[0], shared[1..], weights), merged.AsSpan(0, Shared));
            if (!AllFinite(merged)) throw new CoppiceException($"'{Destination.Name}' would have values that are not finite: merge with smaller weights");
            Destination.Tensor.CopyFrom(merged);
        }

        private static bool AllFinite(ReadOnlySpan<float> values)
        {
            foreach (var value in values)
            {
                if (!float.IsFinite(value)) return false;
            }

            return true;
        }
    }
}
