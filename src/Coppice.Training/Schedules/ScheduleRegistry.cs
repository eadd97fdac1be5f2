using Coppice.Foundation;

namespace Coppice.Training.Schedules;

/// <summary>The learning-rate schedules by the names that recipes use. A new schedule is one more file and one more line here.</summary>
public static class ScheduleRegistry
{
    private static readonly Dictionary<string, Func<ScheduleSettings, ISchedule>> ByName = new(StringComparer.Ordinal)
    {
        ["constant"] = settings => new ConstantSchedule(settings),
        ["linear"] = settings => new LinearSchedule(settings),
        ["cosine"] = settings => new CosineSchedule(settings),
        ["inverse_sqrt"] = settings => new InverseSquareRootSchedule(settings),
        ["wsd"] = settings => new WarmupStableDecaySchedule(settings),
        ["infinite"] = settings => new InfiniteSchedule(settings),
        ["power"] = settings => new PowerSchedule(settings),
    };

    /// <summary>The names that are known.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    /// <summary>Creates a schedule.</summary>
    /// <param name="name">Its name in recipes.</param>
    /// <param name="settings">Peak, lengths and the rest.</param>
    /// <exception cref="CoppiceException">The name is not known (exit code 2).</exception>
    public static ISchedule Create(string name, ScheduleSettings settings) => ByName.TryGetValue(name, out var create)
        ? create(settings)
        : throw CoppiceException.Usage($"unknown schedule '{name}'{NearestName.Hint(name, Names)} (known: {string.Join(", ", Names)})");
}
