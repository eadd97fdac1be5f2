using Coppice.Adapters.Methods;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>What a search chooses from: methods, ranks, and where in the model an adapter goes, each layer on or off.</summary>
public sealed record AdapterSpace
{
    // By then next to every candidate of a small space was drawn.
    private const int DrawsPerCandidate = 64;

    private static readonly string[] Usual = ["lora", "rslora", "dora", "pissa", "vera", "ia3", "bitfit", "pfeiffer", "scaled-parallel", "prefix"];

    private static readonly string[] WithoutRank = ["ia3"];

    // Those that can stand on any projection.
    private static readonly string[] OnAllLinear = ["lora", "rslora", "dora", "pissa", "olora", "vera"];

    /// <summary>The methods; empty for those that need no more settings than rank and placement.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary>The ranks, for methods that have one; of a prefix, its tokens.</summary>
    public IReadOnlyList<int> Ranks { get; init; } = [1, 2, 4, 8, 16, 32];

    /// <summary>The most trained parameters of an adapter; 0 for any number.</summary>
    public long MostParameters { get; init; }

    /// <summary>How many adapters are tried.</summary>
    public int Candidates { get; init; } = 27;

    /// <summary>Draws candidates, each once.</summary>
    /// <param name="model">The base.</param>
    /// <param name="seed">Decides them.</param>
    /// <returns>As many as wanted, or all that there are where those are fewer.</returns>
    /// <exception cref="CoppiceException">A setting means nothing, or nothing fits into the budget (exit code 2).</exception>
    public IReadOnlyList<AdapterCandidate> Draw(LanguageModel model, ulong seed)
    {
        if (Candidates < 1) throw CoppiceException.Usage("a search tries at least one adapter");
        if (MostParameters < 0) throw CoppiceException.Usage("the budget of a search is a number of parameters");
        if (Ranks.Count == 0 || Ranks.Any(rank => rank < 1)) throw CoppiceException.Usage("the ranks of a search are at least 1 each");
        string[] methods = [.. Methods.Count > 0 ? Methods.Select(name => AdapterMethods.Find(name).Name) : Usual.Where(name => AdapterMethods.All.Any(method => method.Name == name))];
        var (found, tooLarge) = (new Dictionary<string, AdapterCandidate>(StringComparer.Ordinal), (AdapterCandidate?)null);
        for (var draw = 0UL; draw < (ulong)Candidates * DrawsPerCandidate && found.Count < Candidates; draw++)
        {
            var (name, section) = Draw(methods, model.Configuration.Layers, new Philox(seed, draw));
            if (found.ContainsKey(name) || AdapterCandidate.On(model, name, section) is not { } candidate) continue;
            if (MostParameters == 0 || candidate.Parameters <= MostParameters) found.Add(name, candidate);
            else if (tooLarge is null || candidate.Parameters < tooLarge.Parameters) tooLarge = candidate;
        }

        if (found.Count > 0) return [.. found.Values];
        throw CoppiceException.Usage(tooLarge is null
            ? $"none of the methods of the search can be had on this {model.Configuration.ModelType} model: {string.Join(", ", methods)}"
            : FormattableString.Invariant($"no adapter of the search has {MostParameters} parameters or fewer: the smallest that was drawn has {tooLarge.Parameters} ({tooLarge.Name})"));
    }

    private (string Name, AdapterSection Section) Draw(string[] methods, int layers, Philox random)
    {
        var method = methods[random.Integer(0, methods.Length)];
        if (method == "bitfit") return (method, new AdapterSection { Method = method });
        var rank = WithoutRank.Contains(method) ? 0 : Ranks[random.Integer(1, Ranks.Count)];
        if (method == "prefix") return (FormattableString.Invariant($"{method} of {rank} tokens"), new AdapterSection { Method = method, Prompt = new PromptSettings { Tokens = rank } });
        var allLinear = OnAllLinear.Contains(method) && random.Integer(2, 2) == 0;
        // Half of the draws have all layers; in the others each is on or off.
        int[] chosen = random.Integer(3, 2) == 0 ? [] : [.. Enumerable.Range(0, layers).Where(layer => random.Integer(4 + (ulong)layer, 2) == 0)];
        if (chosen.Length == layers) chosen = [];
        var section = new AdapterSection { Method = method, Layers = [.. chosen], Targets = allLinear ? [TargetPattern.AllLinear] : [] };
        if (rank > 0) section = section with { Rank = rank };
        var name = method + (rank > 0 ? FormattableString.Invariant($" r{rank}") : "") + (allLinear ? " all-linear" : "");
        return (chosen.Length == 0 ? name : $"{name} layers {string.Join('+', chosen)}", section);
    }
}
