using MlLifecycle.Datasets.Examples;

namespace MlLifecycle.Datasets.Splits;

/// <summary>
/// Puts each example into part 0 (train), 1 (dev) or 2 (test). Examples with the same content always go together, so that nothing a model was
/// trained on is in what it is judged by. The same examples and seed give the same parts on every machine.
/// </summary>
public static class Assign
{
    public const int Parts = 3;

    /// <summary>Cuts a seeded random order of the contents where the shares end.</summary>
    public static byte[] Random(ExampleSet examples, Shares shares, long seed)
    {
        var keys = new ulong[examples.Count];
        for (var i = 0; i < keys.Length; i++)
            keys[i] = Key(examples.Contents[i], seed);
        var sorted = (ulong[])keys.Clone();
        Array.Sort(sorted);
        var train = Cut(sorted, shares.Train);
        var dev = Cut(sorted, shares.Train + shares.Dev);
        return Array.ConvertAll(keys, key => (byte)(key < train ? 0 : key < dev ? 1 : 2));
    }

    /// <summary>
    /// Gives each part its share of every stratum (a label with its tags). What a stratum cannot give in whole examples is carried to the next
    /// one of the same label, so that labels and totals come out right as well, however small the strata.
    /// </summary>
    /// <param name="examples">The examples.</param>
    /// <param name="stratumOf">Of each example, the order of strata being that of the numbers.</param>
    /// <param name="shares">The parts' shares.</param>
    /// <param name="seed">Who goes where within a stratum.</param>
    public static byte[] Balanced(ExampleSet examples, IReadOnlyList<int> stratumOf, Shares shares, long seed)
    {
        var groups = Enumerable.Range(0, examples.Count)
            .GroupBy(i => examples.Contents[i])
            .Select(g => (Members: g.ToArray(), Stratum: stratumOf[g.First()], Key: Key(g.Key, seed)))
            .ToList();
        var parts = new byte[examples.Count];
        var carried = new double[Parts];
        foreach (var stratum in groups.GroupBy(g => g.Stratum).OrderBy(g => g.Key))
        {
            var room = Apportion(stratum.Sum(g => g.Members.Length), shares, carried);
            // Large groups first, while there is room for them whole.
            foreach (var group in stratum.OrderByDescending(g => g.Members.Length).ThenBy(g => g.Key).ThenBy(g => g.Members[0]))
            {
                var part = Place(room, shares, group.Members.Length, group.Key);
                room[part] -= group.Members.Length;
                foreach (var member in group.Members)
                    parts[member] = (byte)part;
            }

            for (var part = 0; part < Parts; part++)
                carried[part] += room[part]; // a group that did not fit is made up for by what follows
        }

        return parts;
    }

    /// <summary>A seeded place in a random order (the finalizer of SplitMix64, Steele et al. 2014, over both halves).</summary>
    public static ulong Key(UInt128 content, long seed) => Mix((ulong)content ^ Mix((ulong)(content >> 64) ^ Mix((ulong)seed + 0x9E3779B97F4A7C15)));

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    // The key at which the next part begins: keys below it are in.
    private static ulong Cut(ulong[] sorted, double share)
    {
        var place = (int)Math.Round(sorted.Length * share, MidpointRounding.AwayFromZero);
        return place >= sorted.Length ? ulong.MaxValue : sorted[place];
    }

    private static int[] Apportion(int size, Shares shares, double[] carried)
    {
        var due = new double[Parts];
        var whole = new int[Parts];
        for (var part = 0; part < Parts; part++)
        {
            due[part] = (size * shares[part]) + carried[part];
            whole[part] = shares[part] > 0 ? Math.Max(0, (int)Math.Floor(due[part] + 1e-9)) : 0;
        }

        for (var left = size - whole.Sum(); left != 0; left -= Math.Sign(left))
        {
            var most = Enumerable.Range(0, Parts).Where(p => shares[p] > 0 && (left > 0 || whole[p] > 0)).MaxBy(p => Math.Sign(left) * (due[p] - whole[p]));
            whole[most] += Math.Sign(left);
        }

        for (var part = 0; part < Parts; part++)
            carried[part] = due[part] - whole[part];
        return whole;
    }

    // Single examples fill what room there is, at random; a group goes where it fits, or else where most room is.
    private static int Place(int[] room, Shares shares, int size, ulong key)
    {
        var fitting = room.Sum(r => r >= size ? r : 0);
        if (fitting == 0)
            return Enumerable.Range(0, Parts).Where(p => shares[p] > 0).MaxBy(p => room[p]);
        var place = (int)(key % (ulong)fitting);
        for (var part = 0; ; part++)
        {
            place -= room[part] >= size ? room[part] : 0;
            if (place < 0)
                return part;
        }
    }
}
