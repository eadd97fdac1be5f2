using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>What became of one document in a build.</summary>
/// <param name="Id">The document's id.</param>
/// <param name="Source">Its source.</param>
/// <param name="IsKept">Whether it is in the corpus.</param>
/// <param name="Steps">What each step made of it, up to the one that dropped it.</param>
public sealed record DocumentStory(string Id, string Source, bool IsKept, IReadOnlyList<StepVerdict> Steps)
{
    /// <summary>Finds the stories of the documents with an id.</summary>
    /// <param name="corpus">The corpus's folder.</param>
    /// <param name="id">The id; several sources may have a document with it.</param>
    /// <exception cref="CoppiceException">The corpus was not built, or what the build knew of single documents is gone.</exception>
    public static IEnumerable<DocumentStory> Find(string corpus, string id) => All(corpus, document => document.Id == id);

    /// <summary>Tells the stories of some documents.</summary>
    /// <param name="corpus">The corpus's folder.</param>
    /// <param name="isWanted">Which.</param>
    /// <exception cref="CoppiceException">The corpus was not built, or what the build knew of single documents is gone.</exception>
    internal static IEnumerable<DocumentStory> All(string corpus, Func<DocumentTrace, bool> isWanted)
    {
        var steps = BuildReport.Open(corpus).RecipeSteps;
        using var work = WorkFolder.ForReading(corpus);
        var stages = work.ReadChunks();
        if (stages is null || stages.Any(stage => stage.Any(key => !File.Exists(work.Chunk(key)))))
        {
            throw new CoppiceException($"{work.Path}: what the build knew of single documents is gone. Build the corpus again.");
        }

        for (var chunk = 0; chunk < stages[0].Count; chunk++)
        {
            foreach (var (document, verdicts, isKept) in Follow([.. stages.Select(stage => work.Chunk(stage[chunk]))], isWanted))
            {
                yield return new DocumentStory(document.Id, document.Source, isKept, [.. Complete(verdicts, steps, isKept)]);
            }
        }
    }

    // The documents of the first chunk that are wanted, and what the stages made of them.
    private static IEnumerable<(DocumentTrace Document, List<StepVerdict> Verdicts, bool IsKept)> Follow(string[] chunks, Func<DocumentTrace, bool> isWanted)
    {
        // What is followed, by its place among the documents that come into the stage.
        var followed = new List<(DocumentTrace Document, List<StepVerdict> Verdicts)>();
        var places = new Dictionary<int, int>();
        var kept = new HashSet<int>();
        for (var stage = 0; stage < chunks.Length; stage++)
        {
            if (stage > 0 && places.Count == 0) break;
            var chunk = ChunkFile.Open(chunks[stage]);
            var isKept = chunk.Read(ChunkSection.Kept);
            var (place, next) = (0, 0);
            var nextPlaces = new Dictionary<int, int>();
            foreach (var trace in DocumentTrace.Read(chunk))
            {
                if (stage == 0 && isWanted(trace))
                {
                    places[place] = followed.Count;
                    followed.Add((trace, []));
                }

                if (places.TryGetValue(place, out var number))
                {
                    followed[number].Verdicts.AddRange(trace.Verdicts);
                    if (isKept[place] == 1) nextPlaces[next] = number;
                }

                next += isKept[place++];
            }

            places = nextPlaces;
            kept = [.. places.Values];
        }

        return followed.Select((document, number) => (document.Document, document.Verdicts, kept.Contains(number)));
    }

    // Steps that kept the document and had nothing to say of it left no verdict.
    private static IEnumerable<StepVerdict> Complete(List<StepVerdict> verdicts, IReadOnlyList<ReportedStep> steps, bool isKept)
    {
        var reached = isKept ? steps.Count : verdicts[^1].Number + 1;
        for (var number = 0; number < reached; number++)
        {
            yield return verdicts.FirstOrDefault(verdict => verdict.Number == number) ?? new StepVerdict(number, steps[number].Name, StepVerdict.Kept);
        }
    }
}
