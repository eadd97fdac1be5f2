using Coppice.Foundation;
using Coppice.Models;
using Coppice.Models.Tests;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests;

public sealed class SearchTests : IDisposable
{
    private readonly Backend _backend = Backends.Create(threads: 1);
    private readonly LanguageModel _model;

    public SearchTests() => _model = TinyModels.Create("llama", _backend);

    public void Dispose()
    {
        _model.Dispose();
        _backend.Dispose();
    }

    [Fact]
    public void Candidates_keep_to_the_budget_are_all_different_and_the_same_for_the_same_seed()
    {
        var space = new AdapterSpace { MostParameters = 300, Ranks = [1, 2, 4] };
        var candidates = space.Draw(_model, seed: 5);
        Assert.Equal(27, candidates.Count);
        Assert.Equal(27, candidates.Select(candidate => candidate.Name).Distinct().Count());
        Assert.All(candidates, candidate => Assert.InRange(candidate.Parameters, 1, 300));
        Assert.True(candidates.Select(candidate => candidate.Section.Method).Distinct().Count() > 2);
        Assert.Equal(candidates.Select(candidate => candidate.Name), space.Draw(_model, 5).Select(candidate => candidate.Name));
        Assert.NotEqual(candidates.Select(candidate => candidate.Name), space.Draw(_model, 6).Select(candidate => candidate.Name));
    }

    [Fact]
    public void A_candidate_has_as_many_parameters_as_the_adapter_that_is_made_of_it()
    {
        using var set = new AdapterSet(_model);
        foreach (var candidate in new AdapterSpace { Candidates = 12 }.Draw(_model, 1)) Assert.Equal(candidate.Parameters, set.Add(candidate.Name, candidate.Section.ToSettings(), seed: 1).Parameters.Count);
    }

    [Fact]
    public void A_budget_that_nothing_fits_into_is_refused_with_the_smallest_there_is()
    {
        var error = Assert.Throws<CoppiceException>(() => new AdapterSpace { Methods = ["lora"], MostParameters = 1 }.Draw(_model, 1));
        Assert.Contains("the smallest that was drawn has", error.Message, StringComparison.Ordinal);
        Assert.Contains("unknown adapter method", Assert.Throws<CoppiceException>(() => new AdapterSpace { Methods = ["loro"] }.Draw(_model, 1)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_best_third_goes_on_with_three_times_the_steps_until_one_is_best()
    {
        var candidates = new AdapterSpace { Candidates = 9 }.Draw(_model, 2);
        var measured = new List<(AdapterCandidate Candidate, int Steps)>();
        var result = SuccessiveHalving.Run(candidates, new SearchOptions { FirstSteps = 10 }, (candidate, steps) =>
        {
            measured.Add((candidate, steps));
            return new SearchMeasurement(Index(candidate) + (steps > 10 && Index(candidate) == 6 ? 5 : 0), 100 + Index(candidate), 1);
        });
        Assert.Equal(candidates.Select(candidate => (candidate, 10)).Concat(new[] { 8, 7, 6 }.Select(i => (candidates[i], 30))), measured);
        // The best of the last round, although it was not of the first.
        Assert.Same(candidates[6], result.Best);
        Assert.Equal((9, 2, 30), (result.Trials.Count, result.Trials[0].Round, result.Trials[0].Steps));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6], result.ByMemory.Select(trial => Index(trial.Candidate)));
        Assert.All(result.ByParameters, trial => Assert.DoesNotContain(
            result.Trials, other => other.Candidate.Parameters <= trial.Candidate.Parameters && other.Measurement.Quality > trial.Measurement.Quality));

        int Index(AdapterCandidate candidate) => candidates.ToList().IndexOf(candidate);
    }

    [Fact]
    public void A_training_that_came_to_nothing_is_worse_than_any()
    {
        var candidates = new AdapterSpace { Candidates = 3 }.Draw(_model, 2);
        var result = SuccessiveHalving.Run(candidates, new SearchOptions(), (candidate, _) => new SearchMeasurement(candidate == candidates[1] ? -5 : double.NaN, 1, 1));
        Assert.Same(candidates[1], result.Best);
        Assert.Same(candidates[1], Assert.Single(result.ByMemory).Candidate);
    }

    [Fact]
    public void A_front_holds_what_nothing_beats()
    {
        (double Quality, double Cost)[] items = [(3, 5), (1, 1), (2, 5), (3, 7), (0.5, 2), (1, 1), (4, 9)];
        Assert.Equal([(1, 1), (3, 5), (4, 9)], ParetoFront.Of(items, item => item.Quality, item => item.Cost));
    }
}
