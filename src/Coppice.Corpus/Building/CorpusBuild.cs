using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>
/// Builds a curated corpus: reads, runs a recipe's steps on all cores in bounded memory, and writes what is left with a report. Whatever is done is kept, so that a
/// build that was killed goes on where it was, and one with new files does those alone. The result is the same bytes for any number of threads and interruptions.
/// </summary>
/// <param name="options">What to build and how.</param>
public sealed class CorpusBuild(CorpusBuildOptions options)
{
    /// <summary>Builds the corpus.</summary>
    /// <param name="show">Told how far it has come, from any thread but one at a time; null for nobody.</param>
    /// <param name="cancellation">Stops: what is done by then is kept.</param>
    /// <exception cref="CoppiceException">An input does not exist, nothing was left, or the output can't be written.</exception>
    public BuildResult Run(Action<BuildProgress>? show = null, CancellationToken cancellation = default)
    {
        if (options.Against.Count > 0 && !options.Recipe.Steps.Any(step => step.Step is ICorpusStep))
        {
            throw CoppiceException.Usage($"{options.Recipe.Name}: no step of the recipe compares documents with those of {string.Join(", ", options.Against)}; add one such as minhash");
        }

        var stages = BuildStage.Of(options.Recipe, options.Split);
        var reading = new CorpusReport();
        var units = InputUnit.Find(options.Inputs, options.Output, reading);
        using var work = WorkFolder.Open(options.Output);
        var run = new BuildRun(options, work, show, cancellation);

        var first = new ReadingStage(run, stages[0], units, reading);
        List<IReadOnlyList<string>> chunks = [first.Run()];
        var earlier = new EarlierChunks(work, first.Names);
        var used = first.Used.ToHashSet();
        foreach (var stage in stages.Skip(1))
        {
            var (decisions, files) = StageDecisions.Take(run, stages[stage.Number - 1], chunks[^1]);
            used.UnionWith(files);
            chunks.Add(new FollowingStage(run, stage, chunks[^1], decisions, earlier).Run());
        }

        var (manifest, report) = new CorpusAssembly(run, stages, chunks, reading, first.Quarantine).Write();
        work.WriteChunks(chunks);
        work.WriteNames(first.Names);
        used.UnionWith(chunks.SelectMany(stage => stage.Select(work.Chunk)));
        work.Sweep(used);
        return new BuildResult(manifest, report, run.ChunksDone, run.ChunksReused);
    }
}

/// <summary>What a build came to.</summary>
/// <param name="Manifest">The corpus's manifest.</param>
/// <param name="Report">What was done.</param>
/// <param name="ChunksDone">Chunks that were put through a stage in this run.</param>
/// <param name="ChunksReused">Chunks whose result was there from an earlier one.</param>
public sealed record BuildResult(CorpusManifest Manifest, BuildReport Report, long ChunksDone, long ChunksReused);
