import type { DeviceId } from '../base/index.ts';
import {
  allOn,
  type Feature,
  features,
  type IsOn,
  isOnAt,
  type SwitchPosition,
  type SwitchPositions,
} from './switch-position.ts';

/** Throws `params-invalid` for positions that are none. */
export function checkSwitchPositions(positions: SwitchPositions): void {
  questionsOf(positions);
}

/** One layer of switches, whose positions somebody sets. */
class Layer {
  positions: SwitchPositions = allOn;
  #isOn: Readonly<Record<Feature, IsOn>> = questionsOf(allOn);

  /** Takes all of these, or none. Throws as `isOnAt`. */
  take(positions: SwitchPositions): void {
    this.#isOn = questionsOf(positions);
    this.positions = positions;
  }

  isOn(feature: Feature, device: DeviceId): boolean {
    return this.#isOn[feature](device);
  }
}

/** Two layers of switches, what the settings say and what an operator has thrown. A feature is on for a device only if both say so. */
export class Switches {
  readonly #settings = new Layer();
  readonly #thrown = new Layer();

  get thrown(): SwitchPositions {
    return this.#thrown.positions;
  }

  get settings(): SwitchPositions {
    return this.#settings.positions;
  }

  /** Throws `params-invalid` for a position that is none, and has changed nothing then. */
  throwOne(feature: Feature, position: SwitchPosition): void {
    this.#thrown.take({ ...this.#thrown.positions, [feature]: position });
  }

  /** The same for the settings' layer. */
  useSettings(positions: SwitchPositions): void {
    this.#settings.take(positions);
  }

  isOn(feature: Feature, device: DeviceId): boolean {
    return this.#settings.isOn(feature, device) && this.#thrown.isOn(feature, device);
  }

  /** Where a switch stands of both layers together: off if it is in either, else off for some if it is in either. */
  positionOf(feature: Feature): SwitchPosition['position'] {
    const both = [this.settings[feature].position, this.thrown[feature].position];
    return (['off', 'off-for'] as const).find((position) => both.includes(position)) ?? 'on';
  }
}

function questionsOf(positions: SwitchPositions): Record<Feature, IsOn> {
  return Object.fromEntries(features.map((feature) => [feature, isOnAt(positions[feature])])) as Record<Feature, IsOn>;
}
